package storetest

import (
	"flag"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Main runs the tests of a package that uses databases. It is the body of a TestMain.
func Main(m *testing.M) int {
	Prepare()
	return m.Run()
}

// Prepare makes a test binary ready for tests that use databases: more of them run in parallel, and
// their files are in memory if there is enough of it. It parses no flags: a test binary may also be
// run as another program.
func Prepare() {
	moreInParallel()
	useMemory()
}

// moreInParallel lets three tests per processor run in parallel, because such tests wait for commits
// and for servers longer than they compute. A -parallel of the command line wins. It changes nothing
// for a fuzzer, which takes the number for that of its processes.
func moreInParallel() {
	if slices.ContainsFunc(os.Args, func(arg string) bool { return strings.HasPrefix(arg, "-test.fuzz") }) {
		return
	}
	_ = flag.Set("test.parallel", strconv.Itoa(3*runtime.GOMAXPROCS(0))) // it is a number
}
