//! The bus between nodes of one broker.
