#pragma once

#include "bank/domain/bank_bus.hpp"

#include <string>
#include <utility>

namespace bank {

/// What came of something that was asked for.
struct outcome {
    std::string text;  ///< in lines, for a terminal
    bool done = true;
};

/// Where the bank is told what to do: each function sends a command, carries out what is due then, and says what came
/// of it. All throw refusal if the bank rejects the command.
class service_desk {
public:
    /// Books on the day `today`. The store must outlive it.
    service_desk(stele::event_store& store, std::string today)
        : store_(store), bus_(make_bus(store)), today_(std::move(today)) {}

    /// Asked for again with the same data, a transfer is not done again; its outcome is told again. Not done is one
    /// that failed.
    outcome transfer_money(const std::string& transfer, const std::string& source, const std::string& target,
                           money amount);
    outcome place_standing_order(const std::string& order, const std::string& source, const std::string& target,
                                 money amount, const std::string& first_date);
    outcome cancel_standing_order(const std::string& order);

    /// `actor` is who asks for it: see authorization.hpp.
    outcome freeze(const std::string& account, const std::string& reason, const std::string& actor);
    outcome unfreeze(const std::string& account, const std::string& actor);

    /// Sends nothing: carries out what has fallen due since anybody was here, and lists the transfers that came of it.
    outcome carry_out_due();

private:
    void send(const auto& command, const stele::metadata& about = {});
    std::string carry_out();

    stele::event_store& store_;
    bank_bus bus_;
    std::string today_;
};

}  // namespace bank
