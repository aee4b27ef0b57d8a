//go:build ignore

// Document_write writes the API's schema to the file that is named.
package main

import (
	"log"
	"os"

	"broker/graph"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: go run document_write.go FILE")
	}
	if err := os.WriteFile(os.Args[1], []byte(graph.Document()), 0o644); err != nil {
		log.Fatal(err)
	}
}
