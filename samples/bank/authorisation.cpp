#include "bank/authorisation.hpp"

#include "bank/bank.pb.h"

namespace bank {

bool is_officer(std::string_view actor) {
    constexpr std::string_view role = "officer:";
    return actor.starts_with(role) && actor.size() > role.size();
}

stele::middleware authorise_officers() {
    return stele::authorise([](const stele::sent_command& command) {
        const auto* type = command.message.GetDescriptor();
        const bool of_officers = type == FreezeAccount::descriptor() || type == UnfreezeAccount::descriptor();
        return !of_officers || is_officer(command.about.actor);
    });
}

}  // namespace bank
