"""What providers that speak HTTP share: framing of streams, status codes, connections, retries."""
