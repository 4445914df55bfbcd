// Drives the sample for Kotlin of docs/clients.md. Each line of standard input is a verb and its argument. It
// answers each with a line.
import java.io.File
import java.util.concurrent.Callable
import java.util.concurrent.Executors

private val stored = File("stored")
private val session = Session(
    { token -> if (token == null) stored.delete() else stored.writeText(token) },
    if (stored.exists()) stored.readText() else null,
)

private fun get(url: String): String {
    val answer = session.open(url)
    val text = (if (answer.responseCode < 400) answer.inputStream else answer.errorStream).reader().readText()
    return "${answer.responseCode} $text"
}

private fun run(verb: String, argument: String): String {
    when (verb) {
        "login" -> session.login(argument, System.getenv("PASSWORD"))
        "logout" -> session.logout()
        "get" -> return get(argument)
        else -> { // many
            val threads = Executors.newFixedThreadPool(10)
            val results = threads.invokeAll(List(10) { Callable { runCatching { get(argument) } } }).map { it.get() }
            threads.shutdown()
            return results.map { it.getOrThrow() }.last()
        }
    }
    return "ok"
}

fun main() {
    for (line in generateSequence(::readlnOrNull)) {
        val said = try {
            run(line.substringBefore(' '), line.substringAfter(' ', ""))
        } catch (_: SignedOut) {
            "signed out"
        } catch (refused: Refused) {
            "refused ${refused.status} ${refused.code}"
        } catch (error: Exception) {
            "error $error"
        }
        println(said.replace('\n', ' '))
    }
}
