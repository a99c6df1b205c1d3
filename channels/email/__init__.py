"""Email: reading mail (pure, no input or output) and its providers (SMTP, IMAP), each in a module of its own."""
