// Package frontend embeds the built dashboard. Without a build (a plain "go build ./server") it holds no files.
package frontend

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files returns the built dashboard: index.html, assets/ with hashed names, each with .br and .gz twins.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil { // the directive above guarantees the folder
		panic(err)
	}
	return files
}
