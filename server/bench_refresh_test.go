package server_test

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"github.com/authctl/authctl/authn/hashing"
	"github.com/authctl/authctl/store/storetest"
)

// poolSize is the default of database.max_connections.
const poolSize = 10

// BenchmarkRefresh: the floor is a chi handler that executes the same rotation statement
// directly through the driver. The statement alone, without HTTP, is measured too. Every commit
// waits for the disk. Each client has a session of its own.
func BenchmarkRefresh(b *testing.B) {
	cost := hashing.Params{Memory: 64, Iterations: 1, Parallelism: 1}
	b.Run("sqlite", func(b *testing.B) {
		for _, clients := range []int{1, 64} {
			b.Run(fmt.Sprintf("c=%d", clients), func(b *testing.B) { compareRefresh(benchSQLite(b, storetest.Disk(b), clients, cost)) })
		}
	})
	b.Run("postgres", func(b *testing.B) {
		cluster, databases := storetest.NewClusterOn(b, storetest.Disks{Data: storetest.Disk(b), WAL: storetest.Disk(b), Synced: true}), 0
		for _, clients := range []int{1, 8, 64, 200} {
			b.Run(fmt.Sprintf("c=%d", clients), func(b *testing.B) {
				databases++
				url := cluster.CreateDatabase(b, "refresh"+strconv.Itoa(databases))
				bn := benchPostgres(b, url, clients, poolSize, cost)
				bn.dbCPU = cluster.CPU
				compareRefresh(bn)
			})
		}
	})
}

func compareRefresh(bn *bench) {
	var alone, behind []*bareSession
	for range bn.clients {
		alone, behind = append(alone, bn.newBareSession()), append(behind, bn.newBareSession())
	}
	addr := serveBench(bn.b, bareRefresh(bn.floor, behind))
	var bare []*benchClient
	for range bn.clients {
		bare = append(bare, dialBench(bn.b, addr))
	}
	bn.compare(len(bn.clients), max(200, 10*len(bn.clients)),
		func(i int) error { return bn.clients[i].do("POST", "/refresh", "", http.StatusOK) },
		map[string]load{
			"floor":     func(i int) error { return bare[i].do("POST", "/refresh/"+strconv.Itoa(i), "", http.StatusOK) },
			"statement": func(i int) error { return alone[i].rotate(bn.b.Context(), bn.floor) },
		})
}
