"""Files made to harm whoever reads them: title -> (file name, builder, codes of the refusal, "" for harmless)."""
