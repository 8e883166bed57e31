#include "projections/subscriptions/subscription_claim.hpp"

#include "projections/subscriptions/subscription_documents.hpp"

#include <stele/eventstore/error.hpp>

#include <fmt/format.h>

namespace stele::inline v0::detail {
namespace {

constexpr const char* claim_kind = "subscription_claim";
/// The tokens of how many earlier claims are kept.
constexpr std::uint64_t kept_claims = 4;
/// Another runner may take it between looking and taking.
constexpr int attempts_to_take = 100;

std::string key_of(std::string_view name, std::uint64_t number, bool token) {
    return numbered_key(name, number) + (token ? '\1' : '\0');
}

}  // namespace

document_write subscription_claim::token(std::uint64_t number, bool which, document_action action) const {
    return {claim_kind, key_of(name_, number, which), {}, action};
}

std::uint64_t subscription_claim::last_number() const {
    const auto tokens = store_.list_documents(claim_kind, {.prefix = numbered_prefix(name_)});
    return tokens.empty() ? 0 : number_in(name_, tokens.back().key);
}

void subscription_claim::take() {
    for (int attempt = 0; attempt < attempts_to_take; ++attempt) {
        const auto last = last_number();
        std::vector writes{token(last + 1, false, document_action::add)};
        for (const bool which : {false, true}) {
            if (last > 0) writes.push_back(token(last, which, document_action::put));
            if (last > kept_claims) writes.push_back(token(last - kept_claims, which, document_action::remove));
        }
        if (!store_.append({}, writes)) continue;
        number_ = last + 1;
        token_ = false;
        return;
    }
    throw error{error_kind::busy,
                fmt::format("the subscription {} is claimed by other runners again and again; let one runner have it, "
                            "then try again",
                            name_)};
}

bool subscription_claim::is_held() const {
    if (number_ == 0) return false;
    const document_read_options later{
        .prefix = numbered_prefix(name_), .after = key_of(name_, number_, true), .limit = 1};
    return store_.list_documents(claim_kind, later).empty();
}

void subscription_claim::expect_held() {
    if (!is_held()) lose();
}

void subscription_claim::lose() {
    number_ = 0;
    throw error{error_kind::closed,
                fmt::format("another subscription_runner, in this process or another, has claimed the subscription {} "
                            "since, so this one has stopped; let one of them have it: start() and catch_up() claim it "
                            "back",
                            name_)};
}

void subscription_claim::write(std::vector<document_write> documents) {
    expect_held();
    documents.push_back(token(number_, !token_, document_action::add));
    documents.push_back(token(number_, token_, document_action::remove));
    auto outcome = store_.append({}, documents);
    if (!outcome) {
        expect_held();
        // It is held, so the token is of a write that was stored, though its outcome was lost.
        token_ = !token_;
        documents.end()[-2] = token(number_, !token_, document_action::add);
        documents.back() = token(number_, token_, document_action::remove);
        outcome = store_.append({}, documents);
        if (!outcome) lose();
    }
    token_ = !token_;
}

}  // namespace stele::inline v0::detail
