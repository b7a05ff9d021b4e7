"""Vectors from static word-piece tables that ship in a wheel."""
