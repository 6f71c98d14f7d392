//! Endpoints for the members of organizations.

use padron_http::Registration;

pub mod get_member;
pub mod list_members;
pub mod remove_member;
pub mod update_member_role;

/// The endpoints of this package.
pub const ENDPOINTS: &[Registration] = &[
    Registration::of::<list_members::ListMembers>(),
    Registration::of::<get_member::GetMember>(),
    Registration::of::<update_member_role::UpdateMemberRole>(),
    Registration::of::<remove_member::RemoveMember>(),
];
