#include "bank/domain/authorization.hpp"

#include "bank/domain/bank.pb.h"

namespace bank {

bool is_officer(std::string_view actor) {
    constexpr std::string_view role = "officer:";
    return actor.starts_with(role) && actor.size() > role.size();
}

stele::middleware authorize_officers() {
    return stele::authorize([](const stele::sent_command& command) {
        const auto* type = command.message.GetDescriptor();
        const bool of_officers = type == FreezeAccount::descriptor() || type == UnfreezeAccount::descriptor();
        return !of_officers || is_officer(command.metadata.actor);
    });
}

}  // namespace bank
