"""The interface of ``pyjmqt.server``."""
