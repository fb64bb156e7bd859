"""Every op's forward, with its backward rule right under it."""
