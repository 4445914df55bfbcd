package cmd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestWalkStopsAtTheLimitAndKnowsWhetherThereAreMore(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pages []int // how many rows each holds
		limit int
		want  int
		more  bool
	}{
		{[]int{0}, 0, 0, false}, {[]int{0}, 5, 0, false}, {[]int{5}, 5, 5, false}, {[]int{6}, 5, 5, true}, {[]int{4}, 5, 4, false},
		{[]int{3, 0, 0, 3}, 0, 6, false}, {[]int{3, 0, 3}, 3, 3, true}, {[]int{3, 0, 0}, 3, 3, false}, {[]int{0, 0, 1}, 1, 1, false},
		{[]int{2, 2, 2}, 5, 5, true}, {[]int{2, 2, 2}, 6, 6, false},
	} {
		given, page := 0, 0
		var got []int
		more, err := walk(tt.limit, func() ([]int, bool, error) {
			rows := make([]int, tt.pages[page])
			for i := range rows {
				rows[i] = given + i
			}
			given, page = given+len(rows), page+1
			return rows, page == len(tt.pages), nil
		}, func(rows []int) error {
			got = append(got, rows...)
			return nil
		})
		if err != nil || len(got) != tt.want || more != tt.more || !slices.IsSorted(got) {
			t.Errorf("pages of %v, limit %d: got %v, more: %t, %v", tt.pages, tt.limit, got, more, err)
		}
	}
}

// TestAListingIsWhatOnePrintWouldBe compares each format with one print of all rows.
func TestAListingIsWhatOnePrintWouldBe(t *testing.T) {
	t.Parallel()
	type row struct {
		Name string `json:"name"`
		N    int    `json:"n"`
	}
	cells := func(r row) []string { return []string{r.Name, fmt.Sprint(r.N)} }
	for _, pages := range [][]int{{0}, {1}, {3}, {1, 2}, {0, 2, 0, 1}, {pageSize, 1}, {pageSize - 1, 2, pageSize}} {
		for _, format := range []string{"table", "json", "yaml", "ids"} {
			o := output{format: format}
			var got, want strings.Builder
			l := listing[row]{output: &o, out: &got, header: []string{"NAME", "N"}, view: func(r row) any { return r }, cells: cells, id: func(r row) string { return r.Name }}
			all, ids, inOne := []row{}, []string(nil), table{header: []string{"NAME", "N"}}
			for _, n := range pages {
				var page []row
				for range n {
					page = append(page, row{fmt.Sprintf("name-%04d\x1b", len(all)+len(page)), len(all)})
				}
				if err := l.add(page); err != nil {
					t.Fatal(err)
				}
				all = append(all, page...)
			}
			if err := l.end(); err != nil {
				t.Fatal(err)
			}
			for _, r := range all {
				ids = append(ids, r.Name)
				inOne.rows = append(inOne.rows, cells(r))
			}
			if err := o.print(&want, all, inOne, ids); err != nil {
				t.Fatal(err)
			}
			if got.String() != want.String() {
				t.Errorf("%s of pages of %v: got\n%.300q\nwant\n%.300q", format, pages, got.String(), want.String())
			}
			if format == "json" {
				var back []row
				if err := json.Unmarshal([]byte(got.String()), &back); err != nil || !reflect.DeepEqual(back, all) {
					t.Errorf("JSON of pages of %v: %v, got %d rows back", pages, err, len(back))
				}
			}
		}
	}
}

func TestAWideCellAfterTheFirstPageMovesItsLineOnly(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	l := listing[string]{output: &output{format: "table"}, out: &b, header: []string{"A", "B"}, cells: func(s string) []string { return []string{s, "b"} }}
	for _, page := range [][]string{slices.Repeat([]string{"x"}, pageSize), {"wide", "x"}} {
		if err := l.add(page); err != nil {
			t.Fatal(err)
		}
	}
	if got := b.String(); !strings.HasPrefix(got, "A  B\nx  b\n") || !strings.HasSuffix(got, "x  b\nwide  b\nx  b\n") {
		t.Errorf("got %q", got)
	}
}
