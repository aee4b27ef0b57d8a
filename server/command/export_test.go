package command

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Listing are the commands that list or show something, with their flags.
func Listing() []string {
	var all []string
	add := func(cmd *cobra.Command) {
		name := cmd.Name()
		if name != "list" && name != "show" && name != "usage" && name != "downloads" && name != "config" {
			return
		}
		line := path(cmd)
		cmd.Flags().VisitAll(func(f *pflag.Flag) { line += " --" + f.Name })
		all = append(all, line)
	}
	for _, one := range (Program{}).tree().Commands() {
		add(one)
		for _, below := range one.Commands() {
			add(below)
		}
	}
	return all
}
