// Package config is the settings: it loads, decodes and validates them, resolves the secrets among
// them, and says where each value came from. It turns them into what the packages that use them take.
package config

// Settings is every setting. Each field declares one setting. A bound or a list of allowed words exists
// once: in the tag, unless the package that takes the value refuses other values; that package then
// checks the value, and [Loaded.Validate] only adds the key to its error. The comment of a field is what
// config.example.yaml says of the setting, behind which [printedBounds] puts the bounds. The tags are
//
//	key:"max_per_user"   its name in its section; the file has it so, a variable in capitals
//	default:"100"        as a person would write it; empty without one
//	range:"0..10000"     bounds that are allowed; with a word behind them, what they count
//	oneof:"open closed"  words that are allowed; anycase:"yes" takes them in capitals too
//	reload:"yes"         it can change while serve runs; it takes a restart without
//	strong:"yes"         a secret that must pass [authn.CheckSecret]
//	vault:"no"           a secret that cannot be kept in Vault
//
// The order of the fields is that of config.example.yaml and of "authctl config show". A [Secret] is two settings, for
// it can be given as X or as X_file; the second paragraph of its comment is about X_file. What is allowed of a
// setting in relation to another is in [Loaded.Validate].
type Settings struct {
	// production, or development on your own machine. development uses a low password hash cost,
	// prints logs for people, and accepts common passwords with a warning. It is refused with an
	// https public_url, and on a database that servers in production use.
	Environment string     `key:"environment" default:"production" oneof:"production development"`
	Database    Database   `key:"database"`
	Server      Server     `key:"server"`
	JWT         JWT        `key:"jwt"`
	Tokens      Tokens     `key:"tokens"`
	Sessions    Sessions   `key:"sessions"`
	Revocation  Revocation `key:"revocation"`
	Cookies     Cookies    `key:"cookies"`
	// Applications that name themselves in the header Authctl-Client of their requests; see
	// docs/api.md. The id is the client_id of their access tokens. A browser client gets its tokens
	// in cookies. A native client (mobile, desktop, command line) gets them in bodies. Pages of the
	// origins may call the API as those of server.cors.allowed_origins; those of a native client
	// without cookies. A variable has the list in JSON. Such as
	// [{id: web, kind: browser}, {id: mobile, kind: native, origins: ["capacitor://localhost"]}]
	Clients  []Client `key:"clients" reload:"yes"`
	Password Password `key:"password"`
	Hashing  Hashing  `key:"hashing"`
	// Limits against guessing, flooding and spraying passwords; see docs/limits.md.
	Limits Limits `key:"limits"`
	// open lets anyone register. closed allows only "authctl user create".
	Registration string   `key:"registration" default:"open" oneof:"open closed" reload:"yes"`
	Accounts     Accounts `key:"accounts"`
	// How mails are sent: links that verify an address or set a new password, and notices; see
	// docs/mail.md.
	Mail Mail `key:"mail"`
	Log  Log  `key:"log"`
	// HashiCorp Vault or OpenBao. Its KV engine can hold jwt.secret, database.url, mail.url,
	// password.pepper and the lists of previous secrets and peppers: set them to vault:PATH#FIELD, such as
	// vault:secret/authctl#jwt_secret. The environment says where Vault is: VAULT_ADDR,
	// VAULT_NAMESPACE, VAULT_CACERT and Vault's other variables.
	Vault  Vault  `key:"vault"`
	Config Config `key:"config"`
}

// Development reports whether this is a developer's own machine.
func (c Settings) Development() bool { return c.Environment == "development" }

// registrationClosed reports whether only operators create accounts.
func (c Settings) registrationClosed() bool { return c.Registration == "closed" }

// Config is how the configuration itself is read.
type Config struct {
	// Reload, as after SIGHUP, when this file, .env, a file with a secret or the blocklist
	// changes. docs/configuration.md says what can change while serve runs.
	Watch bool `key:"watch" default:"false"`
}
