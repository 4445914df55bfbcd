<?php
// Prints hashes of PHP's password_hash, as the script make does.
foreach (array_slice($argv, 1) as $password) {
    $made = ['PHP bcrypt' => password_hash($password, PASSWORD_BCRYPT, ['cost' => 4])];
    if (defined('PASSWORD_ARGON2ID')) {
        $made['PHP argon2id'] = password_hash($password, PASSWORD_ARGON2ID, ['memory_cost' => 1024, 'time_cost' => 2, 'threads' => 1]);
        $made['PHP argon2i'] = password_hash($password, PASSWORD_ARGON2I, ['memory_cost' => 1024, 'time_cost' => 2, 'threads' => 1]);
    }
    foreach ($made as $program => $hash) {
        $kept = $program === 'PHP bcrypt' && strlen($password) >= 72;
        echo json_encode(['program' => $program, 'password' => $password, 'hash' => $hash, 'kept' => $kept]), "\n";
    }
    if (strlen($password) > 72) { // what Symfony does
        $hash = password_hash(base64_encode(hash('sha512', $password, true)), PASSWORD_BCRYPT, ['cost' => 4]);
        echo json_encode(['program' => 'PHP, as Symfony', 'password' => $password, 'hash' => $hash, 'kept' => false]), "\n";
    }
    $hash = '$wp' . password_hash(base64_encode(hash_hmac('sha384', trim($password), 'wp-sha384', true)), PASSWORD_BCRYPT, ['cost' => 4]);
    echo json_encode(['program' => 'PHP, as WordPress 6.8', 'password' => $password, 'hash' => $hash, 'kept' => false]), "\n";
}
