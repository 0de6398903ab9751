"""Client library for the Rialto message broker."""
