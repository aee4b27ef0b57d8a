package graph

//go:generate go tool gqlgen generate
//go:generate go run document_write.go ../docs/schema.graphql
