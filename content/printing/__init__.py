"""Documents -> A4 pages (.pdf) and Word files (.docx)."""
