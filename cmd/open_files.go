package cmd

// spareFiles is how many open files serve needs beside its connections: the database's, the log,
// metrics, mail, and what the settings name.
const spareFiles = 100

// warnOfOpenFiles says that the process may not open as many files as its connections need. Go has
// raised the soft limit to the hard one at the start.
func (a *app) warnOfOpenFiles(inst *instance) {
	most, needed := maxOpenFiles(), uint64(inst.cfg.Server.MaxConnections)+uint64(inst.cfg.Database.MaxConnections)+spareFiles
	if most >= needed {
		return
	}
	a.say("warning: this process may open %s, and server.max_connections (%d) and the database need %d: "+
		"allow more (ulimit -Hn in a shell, LimitNOFILE= of systemd, ulimits of Compose), or lower server.max_connections; "+
		"without open files new connections wait", count(int64(most), "file"), inst.cfg.Server.MaxConnections, needed)
}
