//! Policies: which members of which organization are admitted.

use padron_domain::{Error, Failure, OrganizationId, Role};
use padron_store::{Action, Store};

use super::{AccessCheck, Authorization, Caller, NamedResource, UNAUTHENTICATED};
use crate::{
    concat::concat,
    context::Context,
    input::LazyInput,
    parameter::{ParameterDescription, PathParameterDescription},
};

/// Finds the organization of a request and decides which of its members are admitted. The constants are those of
/// [`Access`](super::Access).
///
/// A new policy is a unit struct that implements this trait, in whichever crate needs it; `Caller<ThatStruct>` is its access type.
pub trait Policy: Sized + Send + Sync + 'static {
    /// Who is admitted, in a sentence of the API description.
    const DESCRIPTION: &'static str;
    /// The least role that is admitted, according to the stored membership or API key. For `Owner`, the organization must also name the
    /// caller as its owner.
    const LEAST_ROLE: Role = Role::Member;
    /// Whether the member whom `{memberId}` names is admitted in any role.
    const ADMITS_SELF: bool = false;
    /// The request headers that the check reads, beside `Authorization` and `X-API-Key`.
    const HEADERS: &'static [ParameterDescription] = &[];
    /// The path parameters that the check reads.
    const PATH: &'static [PathParameterDescription] = &[];
    /// The store actions of the check.
    const ACTIONS: &'static [Action] = Store::ORGANIZATION_ACCESS;
    /// The failures of the check. A policy that adds a condition to another one has its failures too, such as
    /// [`AnyMember::FAILURES`](AnyMember).
    const FAILURES: &'static [Failure];
    /// The failures that the check has for endpoints that write, in addition.
    const WRITE_FAILURES: &'static [Failure] = &[];

    /// Checks the caller of a request: creates an [`AccessCheck`] and admits the caller through it.
    ///
    /// By default, the organization is the one in the path, and a deleted one is unknown.
    fn authorize<I: Send + Sync, T: NamedResource<I>>(
        cx: &Context<'_>,
        input: &LazyInput<'_, I>,
    ) -> impl Future<Output = Result<Authorization<Caller<Self, T>>, Error>> + Send {
        async {
            let check = AccessCheck::by_path(cx, input).await?;
            check.admit_unless_deleted(cx, Failure::ORGANIZATION_NOT_FOUND)
        }
    }
}

const BY_PATH: &[PathParameterDescription] = &[PathParameterDescription::of::<OrganizationId>()];

/// The failures for members of the organization in the path.
const NOT_A_MEMBER: &[Failure] = &concat::<_, 10>(&[
    UNAUTHENTICATED,
    &[Failure::ORGANIZATION_NOT_FOUND, Failure::NOT_A_MEMBER, Failure::ORGANIZATION_MISMATCH],
]);

/// An owner is read from two items, which may be from before and from after a transfer.
const NOT_THE_OWNER: &[Failure] = &[Failure::INSUFFICIENT_ROLE, Failure::CONCURRENT_CHANGE];

/// Admits every member of the organization in the path.
#[derive(Debug)]
pub struct AnyMember;

impl Policy for AnyMember {
    const DESCRIPTION: &'static str = "For members of the organization.";
    const PATH: &'static [PathParameterDescription] = BY_PATH;
    const FAILURES: &'static [Failure] = NOT_A_MEMBER;
}

/// Admits the admins and the owner of the organization in the path.
#[derive(Debug)]
pub struct AdminOrOwner;

impl Policy for AdminOrOwner {
    const DESCRIPTION: &'static str = "For admins and the owner of the organization.";
    const LEAST_ROLE: Role = Role::Admin;
    const PATH: &'static [PathParameterDescription] = BY_PATH;
    const FAILURES: &'static [Failure] = &concat::<_, 11>(&[NOT_A_MEMBER, &[Failure::INSUFFICIENT_ROLE]]);
}

/// Admits the owner of the organization in the path.
#[derive(Debug)]
pub struct OnlyOwner;

impl Policy for OnlyOwner {
    const DESCRIPTION: &'static str = "For the owner of the organization.";
    const LEAST_ROLE: Role = Role::Owner;
    const PATH: &'static [PathParameterDescription] = BY_PATH;
    const FAILURES: &'static [Failure] = &concat::<_, 12>(&[NOT_A_MEMBER, NOT_THE_OWNER]);
}

/// Admits the owner of the organization in the path, which may be deleted.
///
/// A deleted organization is unknown to everyone else, and to its owner once it cannot be restored any more.
#[derive(Debug)]
pub struct OnlyOwnerIncludingDeleted;

impl Policy for OnlyOwnerIncludingDeleted {
    const DESCRIPTION: &'static str = OnlyOwner::DESCRIPTION;
    const LEAST_ROLE: Role = Role::Owner;
    const PATH: &'static [PathParameterDescription] = BY_PATH;
    const FAILURES: &'static [Failure] = OnlyOwner::FAILURES;

    async fn authorize<I: Send + Sync, T: NamedResource<I>>(
        cx: &Context<'_>,
        input: &LazyInput<'_, I>,
    ) -> Result<Authorization<Caller<Self, T>>, Error> {
        let check = AccessCheck::by_path(cx, input).await?;
        let deleted = check.organization().filter(|organization| organization.deleted_at.is_some());
        if let Some(deleted) = deleted {
            let is_owner = check.role() == Some(Role::Owner);
            let is_restorable = deleted.restorable_until().is_some_and(|until| cx.now() < until);
            if !is_owner || !is_restorable || deleted.purging {
                return Err(Failure::ORGANIZATION_NOT_FOUND.into());
            }
        }
        check.admit(cx, Failure::ORGANIZATION_NOT_FOUND)
    }
}

/// Admits the admins and the owner of the organization in the path, and the member whom `{memberId}` names.
#[derive(Debug)]
pub struct AdminOrNamedMember;

impl Policy for AdminOrNamedMember {
    const DESCRIPTION: &'static str =
        "For admins and the owner of the organization, and for the member themselves.";
    const LEAST_ROLE: Role = Role::Admin;
    const ADMITS_SELF: bool = true;
    const PATH: &'static [PathParameterDescription] = BY_PATH;
    const FAILURES: &'static [Failure] = AdminOrOwner::FAILURES;
}
