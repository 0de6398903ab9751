"""Interfaces for programs that were written for ``pyjmqt``: only their imports change."""
