package cmd

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/authn/hashing"
)

// storedView is how many stored hashes have one algorithm and cost.
type storedView struct {
	Algorithm string `json:"algorithm"` // "none" for users without a password, "unusable" for hashes that cannot be verified
	Settings  string `json:"settings"`
	Users     int64  `json:"users"`
	Upgraded  bool   `json:"upgraded_at_login"` // each at the next login of its user
}

// runCompare counts the stored hashes.
func (o *hashBenchOptions) runCompare(ctx context.Context, a *app) error {
	inst, err := a.open(ctx, opening{reads: true})
	if err != nil {
		return err
	}
	defer inst.close()
	policy := inst.cfg.Password.Argon2.Params()
	counts := map[storedView]int64{}
	for after := uuid.Nil; ; {
		page, err := inst.authn.CredentialsPage(ctx, after, pageSize)
		if err != nil {
			return err
		}
		for _, c := range page {
			counts[viewStored(c.PasswordHash, policy)]++
		}
		if len(page) < pageSize {
			break
		}
		after = page[len(page)-1].User.ID
	}
	views := []storedView{}
	var away int64
	for v, n := range counts {
		if v.Users = n; v.Upgraded {
			away += n
		}
		views = append(views, v)
	}
	slices.SortFunc(views, func(x, y storedView) int {
		if x.Users != y.Users {
			return int(y.Users - x.Users)
		}
		return strings.Compare(x.Algorithm+x.Settings, y.Algorithm+y.Settings)
	})
	t := table{header: []string{"ALGORITHM", "COST", "USERS", "UPGRADED AT LOGIN"}}
	for _, v := range views {
		t.rows = append(t.rows, []string{v.Algorithm, v.Settings, fmt.Sprint(v.Users), map[bool]string{true: "yes", false: "-"}[v.Upgraded]})
	}
	if err := o.output.print(a.out, views, t, nil); err != nil {
		return err
	}
	a.say("%s away from the policy, argon2id with %s", count(away, "login"), policy)
	return nil
}

// viewStored returns the algorithm and cost of a stored hash.
func viewStored(hash string, policy hashing.Params) storedView {
	switch p := authn.DescribeHash(hash); p.State {
	case authn.PasswordNone:
		return storedView{Algorithm: "none"}
	case authn.PasswordUnreadable:
		return storedView{Algorithm: "unusable"}
	default:
		return storedView{Algorithm: p.Algorithm, Settings: p.Cost, Upgraded: p.Algorithm != "argon2id" || p.Cost != policy.String()}
	}
}
