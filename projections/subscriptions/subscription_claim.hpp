#pragma once

#include <stele/eventstore/event_store.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace stele::inline v0::detail {

/// Which runner has a subscription: the one that has claimed it last. Whoever had it before can neither handle another
/// batch nor store anything.
///
/// In the store a claim is a random id and a set of marks. A mark stands for one hexadecimal digit at one of the last 8
/// places of an id; there are marks for each digit at each place, on two sides. All are in the store, except those of
/// the id on one side. A write of the holder adds these and removes those on the other side, in the same transaction as
/// everything else in it. The next claim sets all marks to its own id. So what an earlier holder adds is a conflict,
/// however many claims it slept through: where the ids differ in a digit, the mark is there.
///
/// Documents of the kind "subscription_claim": the id, with the name as key, and the marks, whose key is the name, a
/// zero byte, and one byte (side * 128 + place * 16 + digit). One thread at a time.
class subscription_claim {
public:
    /// The store must outlive it.
    subscription_claim(event_store& store, std::string_view name) : store_(store), name_(name) {}

    /// Whether this one had it the last time it looked.
    [[nodiscard]] bool was_held() const noexcept { return !id_.is_nil(); }
    /// Whether this one has it.
    [[nodiscard]] bool is_held() const;
    /// Takes it from whoever has it. Throws what the store throws.
    void take();
    /// Throws closed if another one has it.
    void expect_held();
    /// Writes documents, all or none. Throws closed, and has written nothing, if another one has taken the claim; and
    /// what the store throws.
    void write(const std::vector<document_write>& documents);

    /// What taking one takes of store_limits::append_bytes, and what a write takes beside its documents.
    [[nodiscard]] static std::size_t bytes_of_take(std::string_view name);
    [[nodiscard]] static std::size_t bytes_of_write(std::string_view name);

private:
    [[noreturn]] void lose();
    [[nodiscard]] document_write mark(bool side, unsigned place, unsigned digit, document_action action) const;

    event_store& store_;
    std::string name_;
    uuid id_;            // nil: not held
    bool side_ = false;  // on which the marks of the id are missing
};

}  // namespace stele::inline v0::detail
