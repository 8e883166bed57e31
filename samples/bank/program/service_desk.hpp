#pragma once

#include "bank/domain/bank_bus.hpp"

#include <string>
#include <utility>

namespace bank {

/// The outcome of an order.
struct outcome {
    std::string text;  ///< lines for a terminal
    bool done = true;
};

/// Takes orders: each function sends a command, executes everything that is due then, and returns the outcome. All
/// throw refusal if the bank rejects the command.
class service_desk {
public:
    /// Books on the day `today`. The store must outlive it.
    service_desk(stele::event_store& store, std::string today)
        : store_(store), bus_(make_bus(store)), today_(std::move(today)) {}

    /// Idempotent: repeated with the same data, it returns the outcome again and does not transfer again. `done` is
    /// false if the transfer failed.
    outcome transfer_money(const std::string& transfer, const std::string& source, const std::string& target,
                           money amount);
    outcome place_standing_order(const std::string& order, const std::string& source, const std::string& target,
                                 money amount, const std::string& first_date);
    outcome cancel_standing_order(const std::string& order);

    /// `actor` is who requests it: see authorization.hpp.
    outcome freeze(const std::string& account, const std::string& reason, const std::string& actor);
    outcome unfreeze(const std::string& account, const std::string& actor);

    /// Sends no command: executes everything that is due, and lists the transfers that ended.
    outcome carry_out_due();

private:
    void send(const auto& command, const stele::metadata& about = {});
    std::string carry_out();

    stele::event_store& store_;
    bank_bus bus_;
    std::string today_;
};

}  // namespace bank
