"""The interface of ``pyjmqt.client``."""
