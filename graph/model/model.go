// Package model is the API's types that are no stored entities.
package model

// Server is what the server is and how it is reached. Version and DefaultRateLimit are nil for anonymous callers.
type Server struct {
	PublicURL        string
	SetupRequired    bool
	Version          *string
	DefaultRateLimit *int
}
