"""Files made to harm whoever reads them: name -> (file name, builder, the code of the refusal or "" if made harmless)."""
