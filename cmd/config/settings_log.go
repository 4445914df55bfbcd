package config

// Log is what is logged, and how.
type Log struct {
	// trace, debug, info, warn, error or disabled. Also: LOG_LEVEL.
	Level string `key:"level" default:"info" oneof:"trace debug info warn error disabled" anycase:"yes" reload:"yes"`
	// The lines of each request, at info: start_and_finish, finish for the second one only, or off.
	// Failures, panics and warnings are logged with each.
	Requests string `key:"requests" default:"start_and_finish" oneof:"start_and_finish finish off" reload:"yes"`
	// json, console for people, or auto: console on a terminal and in development.
	Format string `key:"format" default:"auto" oneof:"auto json console"`
}

// Console reports whether logs are always for people.
func (l Log) Console() bool { return l.Format == "console" }

// JSON reports whether logs are always JSON.
func (l Log) JSON() bool { return l.Format == "json" }
