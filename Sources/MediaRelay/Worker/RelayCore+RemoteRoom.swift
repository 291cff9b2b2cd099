// The credit of a sender of data whose recipients are on other workers. Its own worker knows whether one of them here has
// room for more; of the others it asks their workers, when nobody here has. The first answer that says yes gives back
// what had been sent when the question was asked; what came meanwhile makes the next question. So the rule is the one of
// a single worker (a sender goes as fast as its fastest receiver), a round trip between two threads later, and what a
// sender may be ahead by stays bounded by its credit.

extension RelayCore {
    // MARK: The sender's worker

    /// Once for each list of recipients until it is answered.
    func askForRoom(of sender: TransportID, at recipients: [TransportID]) {
        let elsewhere = remote(recipients)
        guard !elsewhere.isEmpty, let entry = transports[sender] else { return }
        lastQuestion &+= 1
        guard entry.dataFlow.ask(lastQuestion, about: recipients) else { return }
        for (peer, recipients) in elsewhere {
            tell(peer, .awaitRoom(DataQuestion(sender: sender, number: lastQuestion), recipients: recipients))
        }
    }

    func roomFound(_ question: DataQuestion, by peer: WorkerIndex) {
        guard let entry = transports[question.sender], let answer = entry.dataFlow.answered(question.number) else {
            return
        }
        withdraw(question, from: answer.recipients, except: peer)
        if answer.isAskedAgain { askForRoom(of: question.sender, at: answer.recipients) }
        dataIsDue(question.sender)
    }

    /// Nobody waits for the answer any more.
    func withdraw(_ question: DataQuestion, from recipients: [TransportID], except peer: WorkerIndex? = nil) {
        for (other, _) in remote(recipients) where other != peer { tell(other, .forget(question)) }
    }

    /// The sender is going.
    func withdrawQuestions(of sender: TransportID) {
        for (number, recipients) in transports[sender]?.dataFlow.openQuestions ?? [] {
            withdraw(DataQuestion(sender: sender, number: number), from: recipients)
        }
    }

    /// Those on workers that we reach.
    func remote(_ recipients: [TransportID]) -> [(key: WorkerIndex, value: [TransportID])] {
        guard !links.isEmpty else { return [] }
        return Dictionary(grouping: recipients.lazy.filter { self.links[$0.worker] != nil }, by: \.worker)
            .sorted { $0.key < $1.key }
    }

    // MARK: The recipients' worker

    func roomAsked(_ question: DataQuestion, _ recipients: [TransportID]) {
        let present = recipients.compactMap { transports[$0] }
        guard !present.isEmpty, !present.contains(where: \.hasRoomForData) else {
            tell(question.sender.worker, .room(question))
            return
        }
        questions[question] = recipients
        for recipient in present { recipient.dataFlow.questions.insert(question) }
    }

    func forget(_ question: DataQuestion) {
        for recipient in questions.removeValue(forKey: question) ?? [] {
            transports[recipient]?.dataFlow.questions.remove(question)
        }
    }

    /// This recipient has room, or is gone.
    func answerQuestions(about recipient: TransportID) {
        for question in transports[recipient]?.dataFlow.questions ?? [] {
            forget(question)
            tell(question.sender.worker, .room(question))
        }
    }
}
