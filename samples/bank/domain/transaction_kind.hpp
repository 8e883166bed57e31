#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace bank {

/// How a line of a statement is booked. Each type is a command of its own, with its own rules.
enum class booking_type : std::uint8_t { deposit, withdrawal, interest_paid, interest_charged, fee };

/// A kind of transaction, with its name in statement files.
struct transaction_kind {
    std::string_view name;
    booking_type booked_as;

    /// Whether it credits the account (its amount is positive) or debits it (negative).
    [[nodiscard]] constexpr bool credits() const {
        return booked_as == booking_type::deposit || booked_as == booking_type::interest_paid;
    }
};

/// All kinds of transactions.
inline constexpr std::array transaction_kinds{
    transaction_kind{"cash_deposit", booking_type::deposit},
    transaction_kind{"transfer_in", booking_type::deposit},
    transaction_kind{"pension", booking_type::deposit},
    transaction_kind{"interest", booking_type::interest_paid},
    transaction_kind{"penalty_interest", booking_type::interest_charged},
    transaction_kind{"fee", booking_type::fee},
    transaction_kind{"cash_withdrawal", booking_type::withdrawal},
    transaction_kind{"card_withdrawal", booking_type::withdrawal},
    transaction_kind{"transfer_out", booking_type::withdrawal},
    transaction_kind{"household_payment", booking_type::withdrawal},
    transaction_kind{"insurance_payment", booking_type::withdrawal},
    transaction_kind{"loan_payment", booking_type::withdrawal},
};

/// The kind of that name, or nullptr. Valid as long as the program runs.
constexpr const transaction_kind* find_kind(std::string_view name) {
    for (const auto& kind : transaction_kinds)
        if (kind.name == name) return &kind;
    return nullptr;
}

}  // namespace bank
