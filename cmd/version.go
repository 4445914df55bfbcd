package cmd

import (
	"cmp"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// versionView is the build in JSON and YAML.
type versionView struct {
	Version      string            `json:"version"`
	Commit       string            `json:"commit"` // "unknown" when it was built outside of a checkout
	Modified     bool              `json:"modified"`
	Go           string            `json:"go"`
	Dependencies map[string]string `json:"dependencies"`
}

func newVersion(a *app) *cobra.Command {
	var o output
	c := &cobra.Command{
		Use:   "version",
		Short: "Print the version, the commit, and what it was built with",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := readVersion()
			return o.print(a.out, v, table{rows: [][]string{{"authctl", v.Version}, {"commit", v.Commit}, {"go", v.Go}}}, nil)
		},
	}
	o.addFlag(c, "table", "json", "yaml")
	return c
}

// buildVersion returns the version that the Go toolchain stamped.
func buildVersion() string { return readVersion().Version }

// oneLineVersion is what --version prints.
func oneLineVersion() string {
	v := readVersion()
	return v.Version + " (commit " + v.Commit + ", " + v.Go + ")"
}

func readVersion() versionView {
	v := versionView{Version: "(devel)", Commit: "unknown", Dependencies: map[string]string{}}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v.Version, v.Go = cmp.Or(info.Main.Version, v.Version), info.GoVersion
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	for _, d := range info.Deps {
		v.Dependencies[d.Path] = d.Version
	}
	return v
}
