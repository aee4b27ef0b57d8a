// Package ent holds the generated database client; schema/ is where its entities are written.
package ent

//go:generate go run entc.go
