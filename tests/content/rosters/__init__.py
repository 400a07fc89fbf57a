"""Awkward spreadsheets, each with what must come of it. All people, places and numbers are made up."""
