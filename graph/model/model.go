// Package model is the API's types that are no stored entities.
package model

// Server is what the server is and how it is reached. What is a pointer is nil for anonymous callers.
type Server struct {
	PublicURL        string
	SetupRequired    bool
	SignInService    *string
	Passwords        bool
	Passkeys         bool
	Version          *string
	DefaultRateLimit *int
	DefaultTokenDays *int
	MaxTokenDays     *int
	SecretPattern    *string
}
