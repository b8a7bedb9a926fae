"""Code lists of the portal's synchronisation service, from the hub's words.

Sources: services `DongBoHoSoMC` and `CapNhatTienDoHoSoMC`; status codes of the portal's dossier states 1 to 10.
"""

from types import MappingProxyType

from schemas.dossier import ApplicantKind, Channel, DossierStatus, FeePayment, ResultDelivery, Reuse

STATUS = MappingProxyType(
    {
        DossierStatus.REGISTERED: "1",
        DossierStatus.ACCEPTED: "2",
        DossierStatus.NOT_ACCEPTED: "3",
        DossierStatus.PROCESSING: "4",
        DossierStatus.SUPPLEMENT_REQUESTED: "5",
        DossierStatus.PAYMENT_REQUESTED: "6",
        DossierStatus.WITHDRAWN: "7",
        DossierStatus.STOPPED: "8",
        DossierStatus.FINISHED: "9",
        DossierStatus.RETURNED: "10",
    }
)
"""TrangThaiHoSo. Every state goes out as it is: 5, 6 and 8 are not turned into 9 to stop the clock."""

CHANNEL = MappingProxyType({Channel.COUNTER: "1", Channel.ONLINE: "2", Channel.POSTAL: "3"})
"""KenhThucHien."""

APPLICANT = MappingProxyType(
    {
        ApplicantKind.CITIZEN: "1",
        ApplicantKind.ENTERPRISE: "2",
        ApplicantKind.STATE_AGENCY: "3",
        ApplicantKind.ORGANISATION: "4",
    }
)
"""LoaiDoiTuong."""

REUSE = MappingProxyType({Reuse.NONE: "0", Reuse.COMPONENT: "1", Reuse.RESULT: "2"})
"""DuocTaiSuDung."""

FEE_PAYMENT = MappingProxyType({FeePayment.NONE: "0", FeePayment.ONLINE: "1", FeePayment.OTHER: "3"})
"""DuocThanhToanTrucTuyen."""

RESULT_DELIVERY = MappingProxyType({ResultDelivery.COUNTER: "0", ResultDelivery.POST: "1"})
"""HinhThuc."""

FILED_LOCALLY = "2"
"""NoiNopHoSo: the dossier was filed with a local system."""

NUMBER_KIND = MappingProxyType({12: "1", 9: "2"})
"""LoaiDinhDanh, by the length of the number."""
