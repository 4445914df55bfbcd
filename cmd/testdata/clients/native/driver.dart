// Drives the sample for Dart of docs/clients.md. Each line of standard input is a verb and its argument. It
// answers each with a line.
import 'dart:convert';
import 'dart:io';

import 'session.dart';

final stored = File('stored');
final session = Session((token) async {
  if (token == null) {
    await stored.delete();
  } else {
    await stored.writeAsString(token, flush: true);
  }
}, stored: stored.existsSync() ? stored.readAsStringSync() : null);

Future<String> get(String url) async {
  final answer = await session.send('GET', Uri.parse(url));
  return '${answer.statusCode} ${await utf8.decodeStream(answer)}';
}

Future<String> run(String verb, String argument) async {
  switch (verb) {
    case 'login':
      await session.login(argument, Platform.environment['PASSWORD']!);
      return 'ok';
    case 'logout':
      await session.logout();
      return 'ok';
    case 'get':
      return get(argument);
    default: // many
      return (await Future.wait([for (var i = 0; i < 10; i++) get(argument)])).last;
  }
}

Future<void> main() async {
  await for (final line in stdin.transform(utf8.decoder).transform(const LineSplitter())) {
    final space = line.indexOf(' ');
    String said;
    try {
      said = space < 0 ? await run(line, '') : await run(line.substring(0, space), line.substring(space + 1));
    } on SignedOut {
      said = 'signed out';
    } on Refused catch (refused) {
      said = 'refused ${refused.status} ${refused.code}';
    } on Object catch (error) {
      said = 'error $error';
    }
    stdout.writeln(said.replaceAll('\n', ' '));
  }
  exit(0);
}
