// Transfers between accounts: the aggregate that records one, and the process that carries it out.
#pragma once

#include "bank.hpp"

#include <stele/processes.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace bank {

struct transfer {
    static constexpr auto category = "transfer";
    static constexpr auto events = hana::tuple_t<TransferRequested, TransferApproved, TransferCancelled>;
    static constexpr auto commands = hana::tuple_t<RequestTransfer, ApproveTransfer, CancelTransfer>;
    static std::string_view instance_id(const auto& command) { return command.transfer(); }

    bool requested = false;
    bool approved = false;
    bool cancelled = false;

    void evolve(const TransferRequested&) { requested = true; }
    void evolve(const TransferApproved&) { approved = true; }
    void evolve(const TransferCancelled&) { cancelled = true; }

    stele::decision<transfer> decide(const RequestTransfer& c) const {
        if (requested) return stele::reject("already_requested", "transfer {}", c.transfer());
        TransferRequested event;
        event.set_transfer(c.transfer());
        event.set_source(c.source());
        event.set_target(c.target());
        event.set_amount(c.amount());
        return stele::accept(event);
    }
    stele::decision<transfer> decide(const ApproveTransfer& c) const {
        if (!requested || cancelled) return stele::reject("not_open", "transfer {} cannot be approved", c.transfer());
        if (approved) return stele::no_change();
        TransferApproved event;
        event.set_transfer(c.transfer());
        return stele::accept(event);
    }
    stele::decision<transfer> decide(const CancelTransfer& c) const {
        if (cancelled) return stele::no_change();
        TransferCancelled event;
        event.set_transfer(c.transfer());
        event.set_reason(c.reason());
        return stele::accept(event);
    }
};

inline RequestTransfer request(std::string id, std::string source, std::string target, std::int64_t amount) {
    RequestTransfer command;
    command.set_transfer(std::move(id));
    command.set_source(std::move(source));
    command.set_target(std::move(target));
    command.set_amount(amount);
    return command;
}
inline ApproveTransfer approve(std::string id) {
    ApproveTransfer command;
    command.set_transfer(std::move(id));
    return command;
}
inline CancelTransfer cancel(std::string id, std::string reason) {
    CancelTransfer command;
    command.set_transfer(std::move(id));
    command.set_reason(std::move(reason));
    return command;
}

// [process]
struct transfer_process {
    static constexpr auto name = "transfer_process";
    static constexpr auto events = hana::tuple_t<TransferRequested, TransferApproved, MoneyWithdrawn>;  // it reacts to
    static constexpr auto commands = hana::tuple_t<WithdrawMoney, DepositMoney, CancelTransfer>;        // it may send
    using reaction = stele::reaction<transfer_process>;

    // Which instance an event belongs to: one instance per transfer. "" means none, and the event is passed over.
    static std::string instance_id(const auto& event) { return event.transfer(); }

    // The state, folded from the events.
    TransferRequested order;
    void evolve(const TransferRequested& e) { order = e; }
    void evolve(const auto&) {}

    // What to do next.
    reaction react(const TransferRequested& e) const {
        return reaction{}.after(std::chrono::hours{24}, "approval", cancel(e.transfer(), "not approved in time"));
    }
    reaction react(const TransferApproved& e) const {
        return reaction{}.cancel("approval").send(withdraw(order.source(), order.amount(), e.transfer()));
    }
    reaction react(const MoneyWithdrawn& e) const {
        return reaction{}.send(deposit(order.target(), e.amount(), e.transfer()));
    }

    // What to do when one of its commands was rejected.
    reaction react(const stele::rejected<WithdrawMoney>& r) const {
        return reaction{}.send(cancel(order.transfer(), r.reason.message));
    }
    reaction react(const stele::rejected<DepositMoney>& r) const {
        if (r.command.account() == order.source()) return {};  // the source is closed, too: for a person to settle
        return reaction{}
            .send(deposit(order.source(), order.amount(), order.transfer()))  // give the money back
            .send(cancel(order.transfer(), r.reason.message));
    }
    reaction react(const stele::rejected<CancelTransfer>&) const { return {}; }
};
// [/process]

// [approval]
struct approval_process {
    static constexpr auto name = "approval_process";
    static constexpr auto events = hana::tuple_t<TransferRequested, TransferApproved, TransferCancelled>;
    static constexpr auto starts = hana::tuple_t<TransferRequested>;  // may start an instance
    static constexpr auto commands = hana::tuple_t<CancelTransfer>;
    using reaction = stele::reaction<approval_process>;

    static std::string instance_id(const auto& event) { return event.transfer(); }
    void evolve(const auto&) {}

    reaction react(const TransferRequested& e) const {
        return reaction{}.after(std::chrono::hours{24}, "approval", cancel(e.transfer(), "not approved in time"));
    }
    reaction react(const TransferApproved&) const { return reaction{}.end(); }
    reaction react(const TransferCancelled&) const { return reaction{}.end(); }
    reaction react(const stele::rejected<CancelTransfer>&) const { return reaction{}.end(); }
};
// [/approval]

// [several]
struct limit_process {
    static constexpr auto name = "limit_process";
    static constexpr auto events = hana::tuple_t<TransferRequested>;
    static constexpr auto commands = hana::tuple_t<CancelTransfer>;
    using reaction = stele::reaction<limit_process>;

    // One instance per account: a request belongs to both of its accounts.
    static std::vector<std::string> instance_id(const TransferRequested& e) { return {e.source(), e.target()}; }

    int requests = 0;
    void evolve(const TransferRequested&) { ++requests; }
    void evolve(const stele::rejected<CancelTransfer>&) {}

    reaction react(const TransferRequested& e) const {
        if (requests <= 100) return {};
        return reaction{}.send(cancel(e.transfer(), "too many transfers"));
    }
    reaction react(const stele::rejected<CancelTransfer>&) const { return {}; }
};
// [/several]

}  // namespace bank
