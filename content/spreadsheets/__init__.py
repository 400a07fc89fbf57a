"""Spreadsheets as people send them: .xlsx, .xls and delimited text, told apart by what they hold."""
