"""What is done to text and known of it, English and Chinese: cleaning, sentences, quality, likeness, privacy."""
