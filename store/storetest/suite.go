// Package storetest is the suite that every [store.Store] passes, and the
// databases that tests run on. Only tests import it.
package storetest

import (
	"database/sql"
	"slices"
	"testing"

	"github.com/authctl/authctl/store"
)

// Backend is an implementation under test. A string names a database: the
// URL or the path, so that a case can open several stores on one.
type Backend struct {
	Name        string
	New         func(t testing.TB) string                 // a fresh database, migrated
	NewEmpty    func(t testing.TB) string                 // a fresh database without tables
	Open        func(t testing.TB, db string) store.Store // closed when the test ends
	OpenPatient func(t testing.TB, db string) store.Store // as Open; changes wait for those that are under way however long those take
	Connect     func(t testing.TB, db string) *sql.DB     // reads the tables directly; closed when the test ends
	Foreign     func(store.Position) []store.Position     // equally advanced positions of other histories
}

// Run checks on a backend every promise of the contract's comments.
func Run(t *testing.T, b Backend) {
	for _, group := range []struct {
		name  string
		cases []testCase
	}{
		{"users", userCases},
		{"lists of users", userListCases},
		{"rights", rightsCases},
		{"clients", clientCases},
		{"released names", releasedNameCases},
		{"sessions", sessionCases},
		{"user sessions", userSessionCases},
		{"attempts", attemptCases},
		{"attempts judged", attemptJudgeCases},
		{"attempts at once", attemptRaceCases},
		{"places", placeCases},
		{"ceiling", ceilingCases},
		{"unlock", unlockCases},
		{"outbox", outboxCases},
		{"mail shares", mailShareCases},
		{"mails", mailCases},
		{"new users", newUserCases},
		{"notices", noticeCases},
		{"rotation", rotationCases},
		{"chain", chainCases},
		{"outage", outageCases},
		{"revocation", revocationCases},
		{"feed", feedCases},
		{"nodes", nodeCases},
		{"history", historyCases},
		{"restore", restoreCases},
		{"keys", keyCases},
		{"import", importCases},
		{"events", eventCases},
		{"trail", trailCases},
		{"failure", failureCases},
		{"emails", emailCases},
		{"mail requests", mailRequestCases},
		{"mail tokens", mailTokenCases},
		{"own password", ownPasswordCases},
		{"mail races", mailRaceCases},
		{"own password races", ownPasswordRaceCases},
		{"race", raceCases},
		{"batches", batchCases},
		{"batch callers", batchCallerCases},
		{"batches of several kinds", mixedCases},
		{"batch races", batchRaceCases},
		{"batch faults", batchFaultCases},
	} {
		t.Run(group.name, func(t *testing.T) {
			t.Parallel()
			for _, c := range group.cases {
				t.Run(c.name, func(t *testing.T) {
					t.Parallel()
					c.run(newFixture(t, b, b.New(t)))
				})
			}
		})
	}
	t.Run("schema", func(t *testing.T) {
		t.Parallel()
		for _, c := range slices.Concat(schemaCases, compatibilityCases, versionCases) {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				c.run(newFixture(t, b, b.NewEmpty(t)))
			})
		}
	})
}

// testCase is one promise, named as a sentence.
type testCase struct {
	name string
	run  func(f *fixture)
}
