#pragma once

#include <stele/eventstore/error.hpp>
#include <stele/eventstore/rejection.hpp>

#include <google/protobuf/message.h>

#include <exception>
#include <source_location>
#include <string>
#include <string_view>

/// Faults in scenarios (given.hpp, given_process.hpp, given_projection.hpp): an event that cannot be encoded, for
/// example. They say where the scenario is, as scenario_failed does.
namespace stele::inline v0::detail {

/// "FILE:LINE: the message", the title of a scenario.
std::string title_of(std::source_location where, const google::protobuf::Message& subject);

/// Throws the error again, with the title before its text.
[[noreturn]] void throw_at(std::string_view title, const error& thrown);

/// A fault of what a scenario is given: the place is known only in when(), which throws it.
class given_fault {
public:
    /// Calls `add`. Keeps a stele::error of it, and does nothing after one. What else it throws passes through.
    template <class Add>
    void keep_of(const Add& add) {
        if (thrown_ != nullptr) return;
        try {
            add();
        } catch (const append_rejected&) {
            throw;  // whoever handles it looks at its rejection
        } catch (const error&) {
            thrown_ = std::current_exception();
        }
    }

    /// Throws what was kept.
    void rethrow() const {
        if (thrown_ != nullptr) std::rethrow_exception(thrown_);
    }

private:
    std::exception_ptr thrown_;
};

/// Calls what a scenario does in when(). A stele::error of it gets the title that `title()` makes.
template <class Title, class Call>
auto at_place(const Title& title, const Call& call) {
    try {
        return call();
    } catch (const append_rejected&) {
        throw;
    } catch (const error& thrown) {
        throw_at(title(), thrown);
    }
}

}  // namespace stele::inline v0::detail
