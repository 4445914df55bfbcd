package userfile

import (
	"strings"
	"testing"
)

func TestAFirstLineOfOtherColumnsIsRefusedWithTheNearestName(t *testing.T) {
	t.Parallel()
	const none = "neither JSON nor CSV with a first line that names the columns"
	for header, want := range map[string]string{
		"username,hash":                              `"hash" is not a column, did you mean password_hash?; the columns are id,username,password_hash,`,
		"username,passwordHash":                      `"passwordHash" is not a column, did you mean password_hash?`,
		"username, password_hash":                    `" password_hash" is not a column, did you mean password_hash?`,
		"username,password_hash ":                    `"password_hash " is not a column, did you mean password_hash?`,
		"username,PASSWORD_HASH":                     `"PASSWORD_HASH" is not a column, did you mean password_hash?`,
		"username,pasword_hash":                      `"pasword_hash" is not a column, did you mean password_hash?`,
		"username,password":                          `"password" is not a column, did you mean password_hash (a hash, never a password)?`,
		"username,encrypted_password":                `did you mean password_hash (a hash, never a password)?`,
		"username,\ufeffpassword_hash":               `is not a column, did you mean password_hash?`,
		"user,password_hash":                         `"user" is not a column, did you mean username?`,
		"Username,password_hash":                     `"Username" is not a column, did you mean username?`,
		"username,password_hash,phone":               `"phone" is not a column; the columns are`,
		"username,password_hash,createdAt,rôle":      `"createdAt" is not a column, did you mean created_at?; "rôle" is not a column; the columns`,
		"username,password_hash,password_hash":       `"password_hash" is given twice`,
		"username,username":                          `"username" is given twice`,
		"username,password_hash,":                    `column 3 has no name`,
		"username,,password_hash":                    `column 2 has no name`,
		"username,password_hash,\" \"":               `column 3 has no name`,
		"id,password_hash":                           `there is no column username`,
		"username;password_hash":                     `its columns are separated by semicolons; separate them by commas`,
		"username\tpassword_hash":                    `its columns are separated by tabs; separate them by commas`,
		"username|hash":                              `its columns are separated by bars; separate them by commas`,
		"username,$2b$10$secretsecretsecret":         `column 2 is not a column`,
		"alice,$2b$10$secretsecretsecret":            none,
		"alice":                                      none,
		",":                                          none,
		`"username`:                                  none,
		`user"name,password_hash`:                    none,
		strings.Repeat("a", 300<<10):                 none,
		"\n\n" + "username,hash":                     `"hash" is not a column`,
		"\ufeff\ufeffusername,password_hash":         `is not a column, did you mean username?`,
		"5b3f1c9e-3d2a-4a6e-9d5c-0c9a3c1f7a10,alice": none,
	} {
		users, rejects, err := read("authctl", header+"\nalice,x\n", Options{})
		if err == nil || !strings.Contains(err.Error(), want) || len(users)+len(rejects) > 0 {
			t.Errorf("%.60q: got %v, %v, %v, want %s", header, users, rejects, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%q is told: %v", header, err)
		}
	}
	for header, row := range map[string]string{
		"\ufeffusername,password_hash":                          "alice,x",
		"password_hash,username\r":                              "x,alice\r",
		`"username","password_hash"`:                            `"alice","x"`,
		strings.Join(authctlColumns().known, ","):               ",alice,x,,,,,,,,,",
		"\ufeff\"username\",\"password_hash\"":                  "alice,x",
		"\n\r\nusername,password_hash,password_chan" + "ged_at": "alice,x,",
	} {
		users, rejects, err := read("authctl", header+"\n"+row+"\n", Options{})
		if err != nil || len(rejects) > 0 || len(users) != 1 || users[0].Username != "alice" || users[0].PasswordHash != "x" {
			t.Errorf("%q: got %v, %v, %v", header, users, rejects, err)
		}
	}
}

func TestColumnsThatGoTrueHasAndAuthctlHasNotAreTaken(t *testing.T) {
	t.Parallel()
	const id = "5b3f1c9e-3d2a-4a6e-9d5c-0c9a3c1f7a10"
	const whole = "instance_id,id,aud,role,email,encrypted_password,email_confirmed_at,invited_at,confirmation_token,confirmation_sent_at,recovery_token,recovery_sent_at," +
		"email_change_token_new,email_change,email_change_sent_at,last_sign_in_at,raw_app_meta_data,raw_user_meta_data,is_super_admin,created_at,updated_at,phone," +
		"phone_confirmed_at,phone_change,phone_change_token,phone_change_sent_at,confirmed_at,email_change_token_current,email_change_confirm_status,banned_until," +
		"reauthentication_token,reauthentication_sent_at,is_sso_user,deleted_at,is_anonymous"
	users, rejects, err := read("gotrue", whole+"\n,"+id+",,,a@b.example,x"+strings.Repeat(",", 29)+"\n", Options{})
	if err != nil || len(rejects) > 0 || len(users) != 1 || users[0].PasswordHash != "x" {
		t.Errorf("got %v, %v, %v", users, rejects, err)
	}
	for header, want := range map[string]string{
		"id,email,hash":                                `"hash" is not a column, did you mean encrypted_password?`,
		"id,email,password_hash":                       `did you mean encrypted_password?`,
		"id,Email,encrypted_password":                  `"Email" is not a column, did you mean email?`,
		"id,email,encrypted_password,email":            `"email" is given twice`,
		"id,encrypted_password":                        `there is no column email`,
		"id;email;encrypted_password":                  `separated by semicolons`,
		"id,email,encrypted_password,emailConfirmedAt": `did you mean email_confirmed_at?`,
	} {
		users, rejects, err := read("gotrue", header+"\n"+id+",a@b.example,x\n", Options{})
		if err == nil || !strings.Contains(err.Error(), want) || len(users)+len(rejects) > 0 {
			t.Errorf("%q: got %v, %v, %v, want %s", header, users, rejects, err, want)
		}
	}
}

func TestAFieldThatIsMisspeltInJSONIsRefusedWithTheNearestName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"hash": "did you mean password_hash?", "passwordHash": "did you mean password_hash?", " password_hash": "did you mean password_hash?",
		"Username": "did you mean username?", "createdAt": "did you mean created_at?", "phone": "which is not a field of a user",
	} {
		for _, text := range []string{
			`{"username":"alice","` + name + `":"x"}`,
			`[{"username":"alice","` + name + `":"x"}]`,
			"{\n\"username\":\"alice\",\n\"" + name + "\":\"x\"\n}\n",
		} {
			users, rejects, err := read("authctl", text, Options{})
			if err != nil || len(users) > 0 || len(rejects) != 1 || !strings.Contains(rejects[0], want) {
				t.Errorf("%s: got %v, %v, %v, want %s", text, users, rejects, err, want)
			}
		}
	}
}

// A hash under an unknown name rejects the user, unlike other unknown fields.
func TestAHashUnderAnotherNameIsNotLost(t *testing.T) {
	t.Parallel()
	const id = `"id":"5b3f1c9e-3d2a-4a6e-9d5c-0c9a3c1f7a10","email":"a@b.example","username":"alice",`
	for format, text := range map[string]string{
		"keycloak": `[{` + id + `"password_hash":"x"}]`,
		"firebase": `[{` + id + `"localId":"1","hash":"x"}]`,
		"auth0":    `[{` + id + `"hashed_password":"x"}]`,
		"gotrue":   `[{` + id + `"password_hash":"x"}]`,
		"kratos":   `[{"traits":{"email":"a@b.example"},"password_hash":"x"}]`,
	} {
		users, rejects, err := read(format, text, Options{})
		if err != nil || len(users) > 0 || len(rejects) != 1 || !strings.Contains(rejects[0], "is the file of another --format?") {
			t.Errorf("%s: got %v, %v, %v", format, users, rejects, err)
		}
	}
}
