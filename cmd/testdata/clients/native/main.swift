// Drives the sample for Swift of docs/clients.md. Each line of standard input is a verb and its argument. It
// answers each with a line.
import Foundation
#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

let session = Session(stored: try? String(contentsOfFile: "stored", encoding: .utf8)) { token in
    if let token {
        try token.write(toFile: "stored", atomically: true, encoding: .utf8)
    } else {
        try FileManager.default.removeItem(atPath: "stored")
    }
}

@Sendable func get(_ url: String) async throws -> String {
    let (data, answer) = try await session.data(for: URLRequest(url: URL(string: url)!))
    return "\(answer.statusCode) \(String(decoding: data, as: UTF8.self))"
}

func run(_ verb: String, _ argument: String) async throws -> String {
    switch verb {
    case "login":
        try await session.login(username: argument, password: ProcessInfo.processInfo.environment["PASSWORD"]!)
        return "ok"
    case "logout":
        try await session.logout()
        return "ok"
    case "get":
        return try await get(argument)
    default: // many
        return try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<10 { group.addTask { try await get(argument) } }
            var last = ""
            for try await said in group { last = said }
            return last
        }
    }
}

while let line = readLine() {
    let words = line.split(separator: " ", maxSplits: 1).map(String.init)
    var said: String
    do {
        said = try await run(words[0], words.count > 1 ? words[1] : "")
    } catch is SignedOut {
        said = "signed out"
    } catch let refused as Refused {
        said = "refused \(refused.status) \(refused.code)"
    } catch {
        said = "error \(error)"
    }
    print(said.replacingOccurrences(of: "\n", with: " "))
    fflush(nil)
}
