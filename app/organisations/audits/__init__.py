"""The audit log as a workbook."""
