"""Where the bytes of media are kept: a folder of this machine, or a bucket."""
