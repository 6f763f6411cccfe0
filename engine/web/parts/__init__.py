"""What the pages of several rooms are made of: templates, files of their own, the frames' look."""
