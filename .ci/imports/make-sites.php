<?php
// Prints hashes of WordPress and MediaWiki, as the script make does. Both are unpacked under the folder that is named,
// and neither is installed: their own code for passwords runs without a database.
ini_set('display_errors', 'stderr');
[, $root] = $argv;
$passwords = array_slice($argv, 2);

function line(string $program, string $password, string $hash, bool $kept = false): void
{
    echo json_encode(['program' => $program, 'password' => $password, 'hash' => $hash, 'kept' => $kept]), "\n";
}

define('ABSPATH', "$root/usr/share/wordpress/");
define('WPINC', 'wp-includes');
foreach (['version', 'plugin', 'formatting', 'functions', 'load', 'pluggable'] as $file) {
    require ABSPATH . WPINC . "/$file.php";
}
foreach ([...$passwords, "it's 9 \"horses\"", '  blanks at both ends 9 '] as $password) {
    $kept = trim($password) !== $password;
    line("WordPress $wp_version", $password, wp_hash_password($password), $kept);
    ['pass1' => $posted] = add_magic_quotes(['pass1' => $password]); // what wp_magic_quotes makes of $_POST
    line("WordPress $wp_version, by its form", $password, wp_hash_password($posted), $kept);
}

$IP = "$root/usr/share/mediawiki";
define('MEDIAWIKI', true);
define('MW_INSTALL_PATH', $IP);
require "$IP/includes/AutoLoader.php";
$config = MediaWiki\MainConfigSchema::PasswordConfig['default'];
$config['bcrypt']['cost'] = 5;
$config['argon2'] += ['memory_cost' => 1024, 'time_cost' => 2, 'threads' => 1];
$factory = new PasswordFactory($config, 'pbkdf2');
foreach ($passwords as $password) {
    foreach (['pbkdf2', 'bcrypt', 'argon2'] as $type) {
        $made = $factory->newFromType($type);
        $made->crypt($password);
        line("MediaWiki $type", $password, $made->toString(), $type === 'bcrypt' && strlen($password) >= 72);
    }
    foreach (['A', 'B'] as $type) { // what its maintenance/wrapOldPasswords.php does
        $old = $factory->newFromType($type);
        $old->crypt($password);
        $made = $factory->newFromType("pbkdf2-legacy$type");
        $made->partialCrypt($old);
        line("MediaWiki pbkdf2-legacy$type", $password, $made->toString());
    }
}
