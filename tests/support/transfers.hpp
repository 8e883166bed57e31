#pragma once

#include "transfers.pb.h"

#include <stele/aggregates/load.hpp>
#include <stele/codec/codec.hpp>
#include <stele/eventstore/event_store.hpp>
#include <stele/processes/process_manager.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace testing {

namespace hana = boost::hana;

/// Copies a message into another type with the same fields.
template <class To, class From>
To with_fields_of(const From& from) {
    To to;
    to.ParseFromString(from.SerializeAsString());
    return to;
}

struct wallet {
    static constexpr auto category = "wallet";
    static constexpr auto events = hana::tuple_t<WalletOpened, MoneyTaken, MoneyPut, WalletClosed>;
    static constexpr auto commands = hana::tuple_t<OpenWallet, TakeMoney, PutMoney, CloseWallet>;
    static std::string_view instance_id(const auto& command) { return command.wallet(); }

    bool open = false;
    std::int64_t balance = 0;

    stele::decision<wallet> decide(const OpenWallet& command) const {
        if (open) return stele::reject("already_open", "the wallet is open");
        WalletOpened event;
        event.set_balance(command.balance());
        return stele::accept(event);
    }
    stele::decision<wallet> decide(const TakeMoney& command) const {
        if (!open) return stele::reject("not_open", "no such wallet");
        if (command.amount() > balance)
            return stele::reject("too_little", "asked {}, there is {}", command.amount(), balance);
        MoneyTaken event;
        event.set_transfer(command.transfer());
        event.set_amount(command.amount());
        return stele::accept(event);
    }
    stele::decision<wallet> decide(const PutMoney& command) const {
        if (!open) return stele::reject("not_open", "no such wallet");
        MoneyPut event;
        event.set_transfer(command.transfer());
        event.set_amount(command.amount());
        return stele::accept(event);
    }
    stele::decision<wallet> decide(const CloseWallet&) const { return stele::accept(WalletClosed{}); }

    void evolve(const WalletOpened& event) {
        open = true;
        balance = event.balance();
    }
    void evolve(const MoneyTaken& event) { balance -= event.amount(); }
    void evolve(const MoneyPut& event) { balance += event.amount(); }
    void evolve(const WalletClosed&) { open = false; }
};

/// A request and its outcome; moves no money by itself.
struct transfer {
    static constexpr auto category = "transfer";
    static constexpr auto events =
        hana::tuple_t<TransferRequested, TransferCancelled, TransferCompleted, TransferFailed>;
    static constexpr auto commands = hana::tuple_t<RequestTransfer, CancelTransfer, CompleteTransfer, FailTransfer>;
    static std::string_view instance_id(const auto& command) { return command.transfer(); }

    bool requested = false;
    bool ended = false;

    stele::decision<transfer> decide(const RequestTransfer& command) const {
        if (requested) return stele::reject("known", "there is such a transfer");
        return stele::accept(with_fields_of<TransferRequested>(command));
    }
    stele::decision<transfer> decide(const CancelTransfer& command) const {
        return stele::accept(with_fields_of<TransferCancelled>(command));
    }
    stele::decision<transfer> decide(const CompleteTransfer& command) const {
        if (ended) return stele::reject("ended", "it has ended");
        return stele::accept(with_fields_of<TransferCompleted>(command));
    }
    stele::decision<transfer> decide(const FailTransfer& command) const {
        if (ended) return stele::reject("ended", "it has ended");
        return stele::accept(with_fields_of<TransferFailed>(command));
    }

    void evolve(const TransferRequested&) { requested = true; }
    void evolve(const TransferCancelled&) {}
    void evolve(const TransferCompleted&) { ended = true; }
    void evolve(const TransferFailed&) { ended = true; }
};

/// The wallet for money that cannot be returned.
inline constexpr auto lost_and_found = "lost_and_found";

/// Called when the process reacts, so that a test can make it fail there.
inline std::function<void()> before_reacting;

/// Takes money from one wallet and puts it into another one; puts it back if that is rejected.
struct transfer_process {
    static constexpr auto name = "transfer_process";
    static constexpr auto events = hana::tuple_t<TransferRequested, TransferCancelled, MoneyTaken, MoneyPut>;
    static constexpr auto commands = hana::tuple_t<TakeMoney, PutMoney, CompleteTransfer, FailTransfer>;
    using reaction = stele::reaction<transfer_process>;

    static std::string instance_id(const auto& event) { return event.transfer(); }

    TransferRequested request;
    std::string failure;  // why it failed

    void evolve(const TransferRequested& event) { request = event; }
    void evolve(const TransferCancelled&) { failure = "cancelled"; }
    void evolve(const MoneyTaken&) {}
    void evolve(const MoneyPut&) {}
    void evolve(const auto& rejected) {
        failure += failure.empty() ? rejected.reason.code : "+" + rejected.reason.code;
    }

    reaction react(const TransferRequested& event, const stele::recorded_event& at) const {
        if (before_reacting) before_reacting();
        if (event.delay_s() == 0) return reaction{}.send(take());
        return reaction{}.at(at.recorded_at + std::chrono::seconds{event.delay_s()}, "start", take());
    }
    reaction react(const TransferCancelled&) const { return reaction{}.cancel("start").send(fail()); }
    reaction react(const MoneyTaken&) const { return reaction{}.send(put(request.to())); }
    reaction react(const MoneyPut&) const {
        if (!failure.empty()) return reaction{}.send(fail());
        CompleteTransfer command;
        command.set_transfer(request.transfer());
        return reaction{}.send(command);
    }
    reaction react(const stele::rejected<TakeMoney>&) const { return reaction{}.send(fail()); }
    reaction react(const stele::rejected<PutMoney>& rejected) const {
        const bool was_way_back = rejected.command.wallet() == request.from();
        return reaction{}.send(put(was_way_back ? lost_and_found : request.from()));
    }
    reaction react(const stele::rejected<CompleteTransfer>&) const { return {}; }
    reaction react(const stele::rejected<FailTransfer>&) const { return {}; }

private:
    [[nodiscard]] TakeMoney take() const {
        TakeMoney command;
        command.set_wallet(request.from());
        command.set_transfer(request.transfer());
        command.set_amount(request.amount());
        return command;
    }
    [[nodiscard]] PutMoney put(const std::string& wallet) const {
        PutMoney command;
        command.set_wallet(wallet);
        command.set_transfer(request.transfer());
        command.set_amount(request.amount());
        return command;
    }
    [[nodiscard]] FailTransfer fail() const {
        FailTransfer command;
        command.set_transfer(request.transfer());
        command.set_reason(failure);
        return command;
    }
};

inline OpenWallet open_wallet(const std::string& name, std::int64_t balance = 0) {
    OpenWallet command;
    command.set_wallet(name);
    command.set_balance(balance);
    return command;
}

inline CloseWallet close_wallet(const std::string& name) {
    CloseWallet command;
    command.set_wallet(name);
    return command;
}

inline RequestTransfer request_transfer(const std::string& name, const std::string& from, const std::string& to,
                                        std::int64_t amount, std::chrono::seconds delay = {}) {
    RequestTransfer command;
    command.set_transfer(name);
    command.set_from(from);
    command.set_to(to);
    command.set_amount(amount);
    command.set_delay_s(delay.count());
    return command;
}

inline CancelTransfer cancel_transfer(const std::string& name) {
    CancelTransfer command;
    command.set_transfer(name);
    return command;
}

}  // namespace testing
