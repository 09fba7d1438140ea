"""Networks that somebody wrote by hand: what they hold, what they do, what was written wrong."""
