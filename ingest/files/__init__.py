"""What a file is, found and told by its content, and how its bytes become documents."""
