// Package e2e tests the built program from outside: its binary, started on an empty folder, driven through its API as
// a script would, and used by the real Composer.
package e2e
