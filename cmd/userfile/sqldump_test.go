package userfile

import (
	"strings"
	"testing"
)

// TestTheFormsOfATextInADumpAreOne reads a username in each form that MySQL has for a text.
func TestTheFormsOfATextInADumpAreOne(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`'o\'hara'`: "o'hara", `'o''hara'`: "o'hara", `"o'hara"`: "o'hara", `_utf8mb4 'ann'`: "ann", `_binary 'ann'`: "ann", `N'ann'`: "ann",
		`0x616E6e`: "ann", `_binary 0x616e6e`: "ann", `X'616e6e'`: "ann", `x'616E6E'`: "ann", `'0x616e6e'`: "0x616e6e", `'X'`: "X",
		`'a;b),(c'`: "a;b),(c", `'tab\\'`: `tab\`,
	} {
		file := "INSERT IGNORE INTO `wp`.`wp_users` (`ID`, `user_login`, `user_pass`) VALUES (1," + text + ",'" + sampleHash + "');\n"
		users, rejects, err := read("wordpress", file, Options{})
		if err != nil || len(rejects) > 0 || len(users) != 1 || users[0].Username != want {
			t.Errorf("%s: got %+v, %v, %v", text, users, rejects, err)
		}
	}
	_, _, err := read("wordpress", "INSERT INTO `wp_users` (`ID`, `user_login`, `user_pass`) VALUES (1,0x61z,'x');\n", Options{})
	if err == nil || !strings.Contains(err.Error(), "not hexadecimal") {
		t.Errorf("got %v", err)
	}
}

// TestATableOfADumpHasBoundedColumns: what is no dump cannot fill the memory.
func TestATableOfADumpHasBoundedColumns(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"CREATE TABLE `wp_users` (" + strings.Repeat("`a` int,", maxColumns+1), "INSERT INTO `wp_users` (" + strings.Repeat("`a`,", maxColumns+1)} {
		if _, _, err := read("wordpress", text, Options{}); err == nil || !strings.Contains(err.Error(), "more than 4096 columns") {
			t.Errorf("%.30q: got %v", text, err)
		}
	}
}
